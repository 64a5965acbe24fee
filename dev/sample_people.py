"""The made-up people of `sample_data/`: names, places and telephone numbers by country, in many scripts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """A country's names and places; `given` and `family` hold pairs of the native and the Latin spelling.

    `phones` are E.164 numbers that ring nowhere: numbers kept free for films and examples, with `#` for the
    digits that vary, or else a single example number of the country's numbering plan.
    """

    code: str
    language: str
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str, str], ...]
    phones: tuple[str, ...]
    companies: tuple[str, ...]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read `native:latin` pairs; a name without a Latin spelling is its own, in lower case."""
    pairs = (entry.strip().partition(":") for entry in text.split(","))
    return tuple((native, latin or native.lower()) for native, _, latin in pairs)


def _places(text: str) -> tuple[tuple[str, str, str], ...]:
    """Read `city / street / postal code` triples."""
    triples = []
    for entry in text.split(";"):
        city, street, postal_code = (part.strip() for part in entry.split("/"))
        triples.append((city, street, postal_code))
    return tuple(triples)


COUNTRIES = (
    Country(
        "US",
        "en",
        _pairs("Grace, Marcus, Imani, Dwight, Shauna, Tyrell, Megan, Curtis, Darlene, Wyatt"),
        _pairs("O'Malley:omalley, Fitzgerald, Washburn, Delacroix, Smith Jr.:smith, Hathaway, Nguyen"),
        _places(
            'Springfield / 12 "Old" Mill Road / 62701; Portland / 480 NW Alder St, Apt 7 / 97209; '
            "Chicago / 1901 W Division St / 60622"
        ),
        ("+120255501##", "+131255501##", "+141555501##"),
        ("Bluebird Bakery", "Hathaway & Sons", "Lakeside Dental, LLC"),
    ),
    Country(
        "GB",
        "en",
        _pairs("Siân:sian, Alasdair, Priya, Rhys, Eleanor, Callum, Niamh, Zoë:zoe"),
        _pairs("MacGregor, Llewellyn, Ashworth, Patel, St. John-Smythe:stjohnsmythe, Okafor"),
        _places("London / 4 Marchmont Mews / WC1N 1AB; Leeds / 27 Otley Road / LS6 3AA"),
        ("+442079460###", "+441134960###", "+441614960###"),
        ("Ashworth Joinery", "The Kettle & Crumb"),
    ),
    Country(
        "DE",
        "de",
        _pairs("Jürgen:juergen, Käthe:kaethe, Götz:goetz, Björn:bjoern, Ulrike, Annegret, Sören:soeren"),
        _pairs("Müller:mueller, Groß:gross, von der Heide:vonderheide, Weiß:weiss, Schäfer:schaefer"),
        _places(
            "Köln / Große Straße 8 / 50667; Würzburg / Mönchgasse 3 / 97070; Berlin / Lübecker Weg 11 / 10559"
        ),
        ("+49171392000#", "+493023125###"),
        ("Bäckerei Groß", "Schäfer Maschinenbau GmbH"),
    ),
    Country(
        "FR",
        "fr",
        _pairs("Zoé:zoe, François:francois, Hélène:helene, Loïc:loic, Maël:mael, Anaïs:anais"),
        _pairs("Lefèvre:lefevre, d'Aubigné:daubigne, Garçon:garcon, Le Goff:legoff, Benoît:benoit"),
        _places("Besançon / 6 rue de l'Église / 25000; Orléans / 14 quai du Châtelet / 45000"),
        ("+33612345678",),
        ("Crêperie du Port", "L'Atelier Lefèvre"),
    ),
    Country(
        "ES",
        "es",
        _pairs("Íñigo:inigo, Begoña:begona, José:jose, Lucía:lucia, Álvaro:alvaro"),
        _pairs("Núñez:nunez, de la Cruz:delacruz, Ibáñez:ibanez, Peña:pena"),
        _places("Logroño / Calle del Peñón 5 / 26001; Cádiz / Plaza de San Martín 2 / 11005"),
        ("+34612345678",),
        ("Viñedos Peña", "Óptica Núñez"),
    ),
    Country(
        "PL",
        "pl",
        _pairs("Łukasz:lukasz, Żaneta:zaneta, Świętosława:swietoslawa, Grażyna:grazyna, Michał:michal"),
        _pairs("Wójcik:wojcik, Źródłowska:zrodlowska, Gołąb:golab, Krępiński:krepinski"),
        _places("Łódź / ul. Źródlana 17 / 90-001; Kraków / ul. Świętej Anny 4 / 31-008"),
        ("+48512345678",),
        ("Piekarnia Gołąb",),
    ),
    Country(
        "SE",
        "sv",
        _pairs("Åsa:asa, Håkan:hakan, Märta:marta, Örjan:orjan"),
        _pairs("Sjöberg:sjoberg, Åkerlund:akerlund, Nyström:nystrom"),
        _places("Malmö / Östergatan 9 / 211 25; Umeå / Björkvägen 2 / 903 25"),
        ("+467017406##",),
        ("Åkerlunds Möbler",),
    ),
    Country(
        "RU",
        "ru",
        _pairs("Фёдор:fyodor, Ксения:ksenia, Тимофей:timofey, Любовь:lyubov, Глеб:gleb"),
        _pairs("Щербаков:shcherbakov, Ёлкина:yolkina, Журавлёв:zhuravlyov, Соловьёва:solovyova"),
        _places("Томск / ул. Берёзовая, д. 5 / 634000; Казань / пр. Мира, 12 / 420000"),
        ("+79123456789",),
        ("Мастерская «Ёлка»",),
    ),
    Country(
        "GR",
        "el",
        _pairs("Ελένη:eleni, Θόδωρος:thodoros, Ξένια:xenia, Στέλιος:stelios"),
        _pairs("Παπαδάκης:papadakis, Χατζής:chatzis, Ψαρρά:psarra"),
        _places("Χανιά / Οδός Ελιάς 7 / 731 31; Βόλος / Λεωφόρος Αργώ 22 / 382 21"),
        ("+306912345678",),
        ("Ταβέρνα Ξένια",),
    ),
    Country(
        "EG",
        "ar",
        _pairs("ليلى:layla, يوسف:youssef, نور:nour, كريم:karim"),
        _pairs("عبد الرحمن:abdelrahman, المصري:elmasry, حداد:haddad"),
        _places("القاهرة / ١٢ شارع النخيل / 11511; الإسكندرية / ٣ طريق البحر / 21500"),
        ("+201001234567",),
        ("مخبز النيل",),
    ),
    Country(
        "IL",
        "he",
        _pairs("נועה:noa, איתי:itai, שירה:shira, אורן:oren"),
        _pairs("בן־דוד:bendavid, לוי:levi, שפירא:shapira"),
        _places("חיפה / רחוב הגפן 8 / 3303135; באר שבע / שדרות הדקל 1 / 8410501"),
        ("+972502345678",),
        ("מאפיית הגפן",),
    ),
    Country(
        "CN",
        "zh",
        _pairs("雨桐:yutong, 子轩:zixuan, 思源:siyuan, 佳怡:jiayi, 𠮷祥:jixiang"),
        _pairs("欧阳:ouyang, 陈:chen, 赵:zhao, 龚:gong"),
        _places("成都 / 青羊区竹林路6号 / 610000; 杭州 / 西湖区桂花巷12号 / 310000"),
        ("+8613123456789",),
        ("竹林茶馆",),
    ),
    Country(
        "JP",
        "ja",
        _pairs("さくら:sakura, ケンジ:kenji, 美咲:misaki, 大輔:daisuke"),
        _pairs("髙橋:takahashi, 渡邊:watanabe, 﨑山:sakiyama, 五十嵐:igarashi"),
        _places("札幌市 / 中央区南二条西5丁目 / 060-0062; 京都市 / 上京区桜町3 / 602-0000"),
        ("+819012345678",),
        ("さくら書店", "カフェ・ド・札幌"),
    ),
    Country(
        "KR",
        "ko",
        _pairs("서연:seoyeon, 민준:minjun, 하은:haeun, 도윤:doyun"),
        _pairs("김:kim, 황보:hwangbo, 제갈:jegal"),
        _places("전주시 / 완산구 은행나무길 15 / 55041; 부산 / 수영구 파도로 3 / 48303"),
        ("+821020000000",),
        ("은행나무 책방",),
    ),
    Country(
        "IN",
        "hi",
        _pairs("आरव:aarav, दीपिका:deepika, ईशान:ishaan, श्रेया:shreya"),
        _pairs("शर्मा:sharma, त्रिपाठी:tripathi, कृष्णन:krishnan"),
        _places("जयपुर / 21 गुलाब मार्ग / 302001; लखनऊ / 7 अमीनाबाद / 226018"),
        ("+918123456789",),
        ("शर्मा स्वीट्स",),
    ),
    Country(
        "TH",
        "th",
        _pairs("กิตติ:kitti, มาลี:malee, สุดารัตน์:sudarat"),
        _pairs("ศรีสุข:srisuk, จันทร์เพ็ญ:chanpen, ทองดี:thongdee"),
        _places("เชียงใหม่ / 9 ถนนดอกบัว / 50200; กรุงเทพฯ / 14 ซอยมะลิ / 10110"),
        ("+66812345678",),
        ("ร้านดอกบัว",),
    ),
)
